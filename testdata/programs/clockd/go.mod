module clockd

go 1.26
