module chrony

go 1.26
