//! The example projects of compose/, each as somebody has it who cloned the repository.

mod ai_services;
mod selfhosted;
mod voice_agent;
