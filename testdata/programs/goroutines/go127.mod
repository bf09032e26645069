module witnessmark.example/goroutines

go 1.27
