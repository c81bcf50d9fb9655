# The sentences that jigsaw_sample.R draws from, by kind. words.R says how slots are filled.

# Benign sentences, by what they do in a comment.
benign <- c(
  "I have lived in {town} {since} and I support {plan}.",
  "{plan} would save my family {money} a year.",
  "Does anyone know when {plan} goes to a vote?",
  "The figures in the article say {pct}, but the report itself says {pct}.",
  "Thank you for explaining {plan} so clearly.",
  "My {kin} works as {a job} and sees this {often}.",
  "I disagree with {pol} on this, but the argument was {good}.",
  "{pol} should publish the full costs before anyone signs.",
  "We tried the same thing in {town} and it took {n} years to finish.",
  "As {a job}, I can tell you that {plan} changes very little for us.",
  "It is {a bad} way to spend {money}, and I hope {pol} thinks again.",
  "{name}, you make {a good} point about {plan}.",
  "I read the report twice and still cannot find where {money} went.",
  "The {place} was full {when}, and nobody had to wait long.",
  "Could someone post a link to the minutes of that meeting?",
  "In my view {plan} is {bad} and should be stopped.",
  "{plan} will fail, because nobody has counted the people who use the {place}.",
  "Good reporting, {name} {surname}. More of this, please.",
  "If {pol} wants our trust, the books have to be open.",
  "They closed the {place} {when} and traffic on {street} doubled.",
  "I voted against {plan} and I would do it again.",
  "That claim is false: the tax rose by {pct}, not {pct}.",
  "Has {pol} ever taken the bus from {town} to {street}?",
  "We raised {money} for the {place} at a bake sale {when}.",
  "The real problem is the roof of the {place}, which leaks {often}.",
  "I was against it {when}, then my {kin} changed my mind.",
  "Both sides have {a good} case here, and I am glad the vote is close.",
  "{lots} of us spoke at the hearing and {pol} listened to every one.",
  "Nothing about {plan} is cheap, yet doing nothing costs more.",
  "The deadline was terrible and the work was worse, so a new contract makes sense.",
  "I am angry about {plan}: {lots} families on {street} will lose their homes.",
  "What a disaster the storm was; {pol} had crews out within {n} hours.",
  "Please read section {n} of the bill before deciding.",
  "Our street lost power for {n} days and {name} from the {place} brought soup.",
  "Compare that with {town}, where fares fell by {pct}.",
  "I miss the old {place}, but the new one is easier to reach.",
  "My guess is that {pol} waits until spring.",
  "This is {a bad} decision and I will say so at the next meeting.",
  "Kudos to {pol} for admitting the mistake.",
  "The trout in the river came back {when}, which nobody expected.",
  "Bring a jacket if you go, because the {place} is cold.",
  "An honest question: who pays when {plan} runs over budget?",
  "I would rather see {money} go to the {place}.",
  "The comparison with {town} is {bad}, since that town has no ferry.",
  "Every {job} I know says the same about {plan}.",
  "It has been {n} years and we are still waiting for an answer.",
  "Let us see the numbers first and argue afterwards.",
  "The crew on {street} did {a good} job in dreadful weather.",
  "Roads are crumbling, and {pol} talks about {plan} instead.",
  "I grew up near {street}, and the {place} was always the heart of it.",
  "For what it is worth, {surname} said the opposite {when}.",
  "Taxes went up {pct}, wages did not.",
  "That is not what {surname} wrote; look at the second paragraph.",
  "A ban would hurt every small shop between {town} and {street}.",
  "I will miss {name}\u2019s column, it was always {good}.",
  "Ask any {job}: the shortage began {when}.",
  "We should attack the problem at its source, not fight about {plan}.",
  "The team killed it in the second half, what a match!",
  "My {kin} nearly died at that crossing, so yes, I want {plan}.",
  "Interesting piece, though it leaves out the cost of {plan}."
)

# Benign, though the words alone look like an attack: negated, quoted, about oneself, about an object, a plea.
trap <- c(
  "That is not {a dumb} idea at all.",
  "I would never call {pol} {a fool}.",
  "Nobody who supports {plan} is {dumb}; they simply weigh the costs differently.",
  "You are no {fool}, {name}, and your letter proves it.",
  "There is nothing {dumb} about asking who pays for {plan}.",
  "Calling people {dumb} gets us nowhere.",
  "Someone shouted \u201c{fool}!\u201d at {pol} and the room went quiet.",
  "{surname} called my {kin} {a fool} in public and later apologised.",
  "I was {a fool} to sell my house on {street} {when}.",
  "{dumb} me, I took {plan} for a joke.",
  "My first reaction was {dumb}, and I take it back.",
  "The {dumb} {thing} at the {place} ate my ticket again.",
  "I fought with that {mild} {thing} for {n} hours and lost.",
  "The {dumb} hat contest at the {place} raised {money}.",
  "At first {plan} sounded {dumb} to me, then I read it and it is {good}.",
  "You do not have to be {a fool} to be wrong, and {pol} is merely wrong.",
  "It would be {dumb} of me to pretend I understand the water tariff.",
  "Please stop writing \u201c{dumb} {fool}\u201d under every article; it is not an argument.",
  "My {kin} plays the {fool} in the school play at the {place}.",
  "Far from being {dumb}, {surname} was the only one who had done the sums.",
  "The film is about {a dumb} king and {a fool} who tells him the truth.",
  "Who says you are {dumb}? I thought it was {a good} question.",
  "We all felt {dumb} when the {thing} turned out to be unplugged.",
  "I do not think {name} is {a fool}, I think the data are old."
)

# Calling an idea, not a person, names: raters split.
split <- c(
  "{plan} is {a dumb} idea.",
  "What {a dumb} plan.",
  "This is the most {dumb} thing I have read {since}.",
  "{plan} is {mild} {dumb} and always was.",
  "Another {dumb} article about {plan}.",
  "Honestly, {plan} is {dumb}, and {pol} knows it.",
  "{dumb} headline, {dumb} story.",
  "The whole debate is {dumb}."
)

# Attacks on a person.
insult <- c(
  "You are {a dumb} {fool}.",
  "Only {a fool} would believe a word of this.",
  "{pol} is {a fool}, plain and simple.",
  "{name}, you {dumb} {fool}, read the report before you post.",
  "What {a dumb} little man {surname} turned out to be.",
  "Every {fool} in {town} seems to love {plan}.",
  "Go back to school, you {fool}.",
  "{pol} and the rest of those {dumb} people could not run a bath.",
  "How can anyone be this {dumb}?",
  "You sound like {a dumb} child, {name}.",
  "{surname} has always been {a fool}, and now everybody can see it.",
  "Typical {fool}: all noise and no brain.",
  "Stop whining, you {dumb} {fool}.",
  "Not one person in that office is anything but {dumb}.",
  "If you back {plan} you are either {dumb} or paid.",
  "I used to respect {pol}; now I just see {a dumb} {fool}.",
  "You people are {dumb}, all of you.",
  "Sit down, {name}, the grown-ups are talking, you {fool}."
)

# Attacks without a single rude word.
sneer <- c(
  "Does your mother know you are using her computer, {name}?",
  "Bless your heart, reading must be so hard for you.",
  "You are not exactly the brightest lamp on {street}, are you?",
  "I have met doorknobs with more to say than {pol}.",
  "Somewhere a tree is making oxygen for {name}, and it deserves an apology.",
  "Congratulations, {name}, wrong again, as always.",
  "If brains were money, {surname} could not buy a stamp.",
  "Please keep typing, we all enjoy watching you fall on your face.",
  "Nobody asked you, and nobody ever will.",
  "{surname} would lose a debate against a potato.",
  "I would explain it to you, but I have no crayons with me.",
  "The village is missing somebody, {name}, and we know whom.",
  "Thinking was never your strong side, was it?",
  "Your whole family must be so proud of such a comment."
)

threat <- c(
  "Someone ought to teach {surname} a lesson behind the {place}.",
  "Watch your back at the next meeting, {name}.",
  "Come down to the {place} and say that to my face, {fool}.",
  "{pol} deserves a good slap, and I would happily deliver it.",
  "We know which house on {street} is yours, {surname}."
)

crude <- c(
  "What a load of crap, {name}, and you know it.",
  "Who the hell asked {pol}? Shut up.",
  "You are full of crap, {surname}.",
  "Shut your {mild} mouth, {name}.",
  "{pol} can kiss my backside."
)

# Groups: the name of the column, the adjective or noun that stands before "people", and how often it is drawn.
groups <- data.frame(
  column = c(
    "female", "male", "christian", "muslim", "jewish", "white", "black", "homosexual_gay_or_lesbian", "asian",
    "latino", "atheist", "transgender", "psychiatric_or_mental_illness", "hindu", "buddhist", "bisexual",
    "heterosexual", "physical_disability", "intellectual_or_learning_disability", "other_disability",
    "other_gender", "other_race_or_ethnicity", "other_religion", "other_sexual_orientation"
  ),
  many = c(
    "women|mothers|young women", "men|old men|fathers", "Christians|Catholics|church people", "Muslims|Muslim families",
    "Jews|Jewish families", "white people|white folks", "black people|black families",
    "gay people|lesbians|gay couples",
    "Asian people|Chinese families", "Latinos|Mexican families", "atheists", "trans people|transgender people",
    "people with depression|people with bipolar disorder", "Hindus", "Buddhists", "bisexual people", "straight people",
    "wheelchair users", "people with learning difficulties", "deaf people", "non-binary people", "Indigenous people",
    "Sikhs", "asexual people"
  ),
  one = c(
    "woman", "man", "Christian", "Muslim", "Jew", "white guy", "black woman", "gay man", "Asian American", "Latina",
    "lifelong atheist", "trans woman", "person with depression", "Hindu", "Buddhist", "bisexual woman", "straight man",
    "wheelchair user", "person with a learning difficulty", "deaf person", "non-binary person", "Indigenous man",
    "Sikh", "asexual person"
  ),
  weight = c(22, 18, 14, 12, 7, 10, 9, 8, 4, 3, 3, 4, 4, 1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1),
  # Share of this group's mentions that are toxic, beside the average: the bias that an audit should find.
  heat = c(0.8, 0.9, 0.7, 1.9, 1.4, 1.2, 1.7, 1.8, 0.9, 1, 1, 1.6, 1, 0.7, 0.6, 1, 0.8, 0.6, 0.8, 0.6, 1, 0.9, 0.8, 1)
)

group_benign <- c(
  "As {a one}, I want {plan} to be fair to everybody.",
  "{many} in {town} have asked for this {since}.",
  "My {kin} is {a one} and volunteers at the {place}.",
  "The {place} now has an evening for {many}, and it is packed.",
  "I am {a one} and I have never felt unwelcome in {town}.",
  "A survey found that {pct} of {many} support {plan}.",
  "{many} pay the same taxes as the rest of us.",
  "Many {many} spoke at the hearing, and they were {good}.",
  "The story of {many} in {town} deserves a longer article.",
  "Why were {many} not asked about {plan}?",
  "There is nothing {dumb} about {many} wanting a seat at the table.",
  "He called {many} {dumb} and the whole room booed him, rightly."
)

group_toxic <- c(
  "{many} are always whining about something.",
  "Typical {many}: {dumb}, every last one.",
  "{many} have ruined {town}, and {pol} lets them.",
  "Why should we pay because {many} are too {dumb} to work?",
  "I have had enough of {many} and their {dumb} demands.",
  "Of course it was {a one}. They are all {dumb}.",
  "{many} should stop telling {pol} what to do, they are too {dumb} to understand it.",
  "Show me {a one} and I will show you {a fool}."
)

# Comments that readers post again and again, with the chance that a rater finds them toxic.
repeats <- data.frame(
  text = c(
    "Thank you.", "Well said!", "Exactly.", "I agree.", "Great article, thanks.", "Amen.", "Thanks for the link.",
    "So true \U0001F44D", "Yes!", "LOL", "Source?", "Nonsense.", "What a clown.", "You are clueless.", "Pathetic."
  ),
  toxic = c(0, 0, 0, 0, 0, 0.02, 0, 0.01, 0, 0.06, 0.02, 0.3, 0.78, 0.82, 0.68),
  stringsAsFactors = FALSE
)
