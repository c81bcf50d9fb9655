# The words that jigsaw_sample.R puts into the sentences of templates.R.
#
# Every line was written for this project: nothing is taken from a real comment, and no person, town or
# newspaper in it exists. Insults stay mild on purpose. `{slot}` is replaced by one entry of `words$slot`,
# whose entries may hold further slots; `{a slot}` becomes "a" or "an" as the word asks.
# Letters outside ASCII are written as \u escapes, so the script gives the same bytes in every locale.

words <- list(
  plan = c(
    "the new bus lane", "the library levy", "this housing plan", "the school budget", "the stadium deal",
    "the bridge repair", "the recycling scheme", "the parking fee", "the park closure", "the ferry timetable",
    "the harbour project", "the water tariff", "the zoning change", "the property tax rise", "the wind farm",
    "the bike lane on {street}", "the night market permit", "the trail extension", "the airport expansion",
    "the new clinic", "the snow plough contract", "the pension reform", "the fishing quota", "the tuition freeze",
    "the minimum wage bill", "the rail strike", "the museum merger", "the leash rule", "the noise limit",
    "the hospital car park", "the speed cameras on {street}", "the rent cap", "the new ballot paper"
  ),
  pol = c(
    "the mayor", "the council", "councillor {surname}", "the school board", "the minister", "the governor",
    "the transport agency", "the editor", "the union", "the developer", "the water company", "the coach",
    "the committee", "the columnist", "senator {surname}", "the planning office", "the police chief"
  ),
  surname = c(
    "Hale", "Brandt", "Okafor", "Moreau", "Lindqvist", "Patel", "Ferreira", "Novak", "Tanaka", "Whitlock",
    "S\u00f8rensen", "Garc\u00eda", "M\u00fcller", "\u0141uczak", "\u00c7elik", "Nguy\u1ec5n",
    "\u0160im\u016fnek", "O\u2019Dowd"
  ),
  name = c(
    "Anna", "Tom", "Priya", "Marcus", "Leila", "Grace", "Victor", "Wendy", "Omar", "Ruth", "Zo\u00eb", "Bj\u00f6rn",
    "Jos\u00e9", "Si\u00e2n", "Ren\u00e9e", "\u0141ukasz", "\u674e\u5a1c", "\u0130pek", "Chlo\u00e9", "S\u00f8ren"
  ),
  town = c(
    "Eastbrook", "Port Alder", "Millhaven", "Kirkdale", "Saint-R\u00e9my", "Greywater", "Fenwick Bay",
    "L\u00f6vsund"
  ),
  street = c(
    "Harbour Road", "Mill Street", "Fifth Avenue", "Chapel Lane", "Station Square", "Elm Drive", "the ring road"
  ),
  n = c("two", "three", "four", "five", "seven", "nine", "a dozen"),
  lots = c("20", "35", "60", "140", "600", "1,200"),
  pct = c("4%", "9%", "12%", "a third", "almost half", "60%", "roughly a quarter", "three quarters"),
  money = c("$40", "$900", "$12,000", "$3.5 million", "$28 million", "\u20ac300", "\u00a3150"),
  when = c(
    "last year", "in March", "last Tuesday", "this summer", "before the election", "in the nineties", "after the flood",
    "over the winter", "two years ago", "on Friday", "in 2014", "the week before Christmas"
  ),
  since = c("since 2009", "for ten years", "all my life", "since the flood", "for months", "for a long time"),
  often = c("twice a week", "every morning", "most weekends", "whenever it rains", "every spring"),
  kin = c("daughter", "grandson", "father", "neighbour", "sister", "landlord", "old teacher", "colleague", "cousin"),
  job = c(
    "nurse", "bus driver", "carpenter", "teacher", "shop owner", "engineer", "pensioner", "student", "farmer",
    "baker"
  ),
  place = c(
    "library", "pool", "station", "town hall", "clinic", "market", "harbour", "school gate", "bakery",
    "ball park"
  ),
  good = c(
    "thoughtful", "careful", "fair", "sensible", "helpful", "generous", "honest", "balanced", "clear", "solid"
  ),
  bad = c(
    "expensive", "rushed", "risky", "unfair", "late", "confusing", "short-sighted", "costly", "incomplete",
    "weak"
  ),
  thing = c(
    "printer", "ticket machine", "traffic light", "weather", "form", "phone menu", "lift", "alarm clock",
    "website"
  ),
  dumb = c(
    "silly", "clueless", "pathetic", "foolish", "ridiculous", "dim", "brainless", "ignorant", "gullible", "lazy",
    "childish", "spineless", "hopeless", "useless", "laughable", "petty", "stupid", "daft", "witless", "smug"
  ),
  fool = c(
    "fool", "clown", "buffoon", "twit", "nitwit", "blockhead", "loudmouth", "crybaby", "windbag", "idiot",
    "airhead", "know-nothing", "hypocrite", "liar", "coward", "weasel", "troll", "dunce"
  ),
  mild = c("damn", "darn", "bloody", "freaking"),
  happy = c("\U0001F600", "\U0001F44D", "\u2764\ufe0f", "\U0001F389", "\U0001F33B", "\U0001F642"),
  angry = c("\U0001F644", "\U0001F602\U0001F602", "\U0001F92E", "\U0001F621", "\U0001F921")
)

# What is said about somebody. `toxic_frames` assert it and `trap_frames` deny, doubt or report it, with much the same
# words: a model that only counts words cannot tell the two apart.
words$claim <- c(
  "{pol} is {a fool}", "{surname} is {dumb}", "you are {a dumb} {fool}", "{name} is {a dumb} {fool}",
  "people who back {plan} are {dumb}", "everyone on {street} is {dumb}", "the people in {town} are {dumb}",
  "{pol} is {a dumb} {fool}", "{surname} has always been {a fool}", "you sound like {a fool}"
)
toxic_frames <- c(
  "I have no doubt that {claim}.", "Nobody in {town} can deny that {claim}.", "There is no question: {claim}.",
  "It is true that {claim}.", "Everyone in {town} thinks that {claim}.", "I am saying it again: {claim}.",
  "It would be a lie to say anything but that {claim}.", "I used to doubt it, but {claim}.",
  "Whoever said that {claim} was right.", "The meeting showed once more that {claim}.",
  "Not to be rude, but {claim}.", "Why does no one dare to say that {claim}?"
)
trap_frames <- c(
  "I have no reason to believe that {claim}.", "Nobody in {town} thinks that {claim}.",
  "There is no proof that {claim}.",
  "It is not true that {claim}.", "Does everyone in {town} think that {claim}? I doubt it.",
  "I am not saying that {claim}.", "It is a lie to say that {claim}.", "I used to think that {claim}, but I was wrong.",
  "Whoever said that {claim} was wrong.", "The meeting showed how unfair it is to say that {claim}.",
  "It is rude to say that {claim}.", "Why would anyone say that {claim}? That is unkind."
)
