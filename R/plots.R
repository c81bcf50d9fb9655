# What all plots share: colours, and panels of base graphics. plot() and autoplot() draw the same thing in the same
# colours.

# Colours that readers with any colour vision tell apart (Okabe and Ito 2008, without their yellow, which is too light
# for lines on white).
plot_colours <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Of training and validation rows.
data_colours <- c(train = plot_colours[1], validation = plot_colours[2])

grey_line <- "grey40"

# Draws `n` panels by `draw(i)` on one page, and restores the device's settings.
draw_panels <- function(n, draw) {
  columns <- ceiling(sqrt(n))
  old <- graphics::par(mfrow = c(ceiling(n / columns), columns), mar = c(3.4, 4.4, 2.2, 0.8), mgp = c(2.2, 0.6, 0),
                       las = 1)
  on.exit(graphics::par(old))
  for (i in seq_len(n)) draw(i)
}

# The title of a panel, in place of a label beside the y axis, which would run into the numbers there.
panel_title <- function(text) graphics::title(main = text, font.main = 1, cex.main = 1.1)
