module jam.test/interop/ask

go 1.17
