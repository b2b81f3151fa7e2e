// A program of the image that is scanned: it was built with an old golang.org/x/text.
module imagegate.dev/e2e/tools-image

go 1.25.0

require golang.org/x/text v0.3.5
