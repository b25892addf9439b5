//! Runs inside a machine, where systemd's daemon believes who its peer is: it refuses peers of a foreign pid
//! namespace. Reads exchanges from standard input and writes their outcomes; see `usher_tests::userdb::batch`.

fn main() {
    usher_tests::userdb::batch::serve();
}
