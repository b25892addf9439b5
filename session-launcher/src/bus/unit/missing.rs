//! What systemd has and this face has not.
