//! Links the module as the C library wants it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The name under which the C library loads it: libnss_SERVICE.so.2.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libnss_userdb.so.2");
    // A process may hold a fork handler and a connection of ours, so it cannot be unloaded.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
