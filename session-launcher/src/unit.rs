//! Unit files: what they say, where they lie, and what systemd makes of them.

pub mod catalog;
pub mod command_line;
pub mod condition;
pub mod conf_files;
pub mod diagnostic;
pub mod directive;
pub mod drop_in;
pub mod environment_d;
pub mod escape;
pub mod generator;
pub mod host;
pub mod install;
pub mod load;
pub mod manager_config;
pub mod name;
pub mod plan;
pub mod property;
pub mod pull_tree;
pub mod search_path;
pub mod shell_pattern;
pub mod spec;
pub mod specifier;
pub mod syntax;
pub mod value;
pub mod verify;
pub mod words;
