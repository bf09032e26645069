module gotrace

go 1.18
