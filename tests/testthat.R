library(testthat)
library(bertfit)

test_check("bertfit")
