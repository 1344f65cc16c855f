"""The first page: is the shop well, who calls whom, what fires."""
