//! Sends one welcome email to each new account.
