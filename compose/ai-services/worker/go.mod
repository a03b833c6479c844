// The worker needs nothing but the standard library.
module worker

go 1.24
