//! Any bytes as a unit file of each type, loaded to the end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_launcher::unit::load::Loader;
use session_launcher::unit::name::UnitName;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::specifier::Host;

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else { return };
    let names = ["a.service", "a@i.socket", "a.timer", "a.path", "a-b.slice", "a.target"];
    let name = names[usize::from(*kind) % names.len()];
    let directory = std::env::temp_dir().join(format!("unit-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    let host = Host { runtime_dir: Some("/run/user/1".into()), ..Host::default() };
    Loader::new(SearchPath::of_directories([directory]), host).load(&UnitName::new(name).unwrap());
    std::fs::remove_file(path).unwrap();
});
