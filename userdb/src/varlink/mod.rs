//! The Varlink wire format: NUL-terminated JSON messages over a stream socket (<https://varlink.org/Method-Call>).

pub mod call;
pub mod reply;

/// Errors of the `org.varlink.service` interface, which every service may answer with.
pub mod service_error {
    /// The method does not exist; parameter `method`.
    pub const METHOD_NOT_FOUND: &str = "org.varlink.service.MethodNotFound";
    /// The interface does not exist; parameter `interface`.
    pub const INTERFACE_NOT_FOUND: &str = "org.varlink.service.InterfaceNotFound";
    /// A parameter is missing, unknown, or has no valid value; parameter `parameter`.
    pub const INVALID_PARAMETER: &str = "org.varlink.service.InvalidParameter";
    /// The method answers with a stream, so it must be called with `more`.
    pub const EXPECTED_MORE: &str = "org.varlink.service.ExpectedMore";
}
