//! Owns a name on the session bus, for as long as it is told.
//!
//! Arguments: the name, and for how many seconds; for ever without.

#![allow(clippy::expect_used, reason = "a test's helper")]

use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().expect("a name");
    let seconds = arguments.next().map(|seconds| seconds.parse().expect("a number of seconds"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("tokio works");
    runtime.block_on(async {
        let builder = zbus::connection::Builder::session().name(name);
        let _connection = builder.build().await.expect("the name can be had");
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            None => std::future::pending().await,
        }
    });
}
