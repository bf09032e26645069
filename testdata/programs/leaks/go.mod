module witnessmark.example/leaks

go 1.22
