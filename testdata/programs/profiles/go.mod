module github.com/witnessmark/witnessmark/testdata/programs/profiles

go 1.18
