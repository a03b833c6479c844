//! libFuzzer on `dotenv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::dotenv::try_input(bytes));
