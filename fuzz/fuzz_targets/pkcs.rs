//! libFuzzer on `pkcs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::pkcs::try_input(bytes));
