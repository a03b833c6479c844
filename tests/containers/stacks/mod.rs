//! The example projects of compose/, each as in a clone of the repository.

mod ai_services;
mod selfhosted;
mod voice_agent;
