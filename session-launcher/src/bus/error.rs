//! Why a call fails: the names of systemd's errors, and its words where clients show them.

use crate::daemon::driver::KillError;
use crate::job::RequestError;
use crate::unit::install::InstallError;

/// An error that a caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The D-Bus name of the error.
    pub name: &'static str,
    /// What a person reads.
    pub message: String,
}

macro_rules! failures {
    ($($(#[$meta:meta])* $function:ident = $name:literal;)+) => {
        impl Failure {
            $($(#[$meta])* pub fn $function(message: impl Into<String>) -> Self {
                Self { name: $name, message: message.into() }
            })+
        }
    };
}

failures! {
    /// There is no such unit.
    no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";
    /// A process belongs to no unit.
    no_unit_for_pid = "org.freedesktop.systemd1.NoUnitForPID";
    /// No run of a unit has that name.
    no_unit_for_invocation = "org.freedesktop.systemd1.NoUnitForInvocationID";
    /// A transient unit's name is taken.
    unit_exists = "org.freedesktop.systemd1.UnitExists";
    /// A unit's file cannot be read.
    load_failed = "org.freedesktop.systemd1.LoadFailed";
    /// The unit's file is a link itself.
    unit_linked = "org.freedesktop.systemd1.UnitLinked";
    /// A directory is where a file should be.
    is_directory = "System.Error.EISDIR";
    /// A unit's settings do not make one.
    bad_unit_setting = "org.freedesktop.systemd1.BadUnitSetting";
    /// The unit is masked.
    unit_masked = "org.freedesktop.systemd1.UnitMasked";
    /// There is no such job.
    no_such_job = "org.freedesktop.systemd1.NoSuchJob";
    /// `Unsubscribe` without `Subscribe`.
    not_subscribed = "org.freedesktop.systemd1.NotSubscribed";
    /// `Subscribe` twice.
    already_subscribed = "org.freedesktop.systemd1.AlreadySubscribed";
    /// `Unref` without `Ref`.
    not_referenced = "org.freedesktop.systemd1.NotReferenced";
    /// `RefuseManualStart=` and the like.
    only_by_dependency = "org.freedesktop.systemd1.OnlyByDependency";
    /// `AllowIsolate=no`.
    no_isolation = "org.freedesktop.systemd1.NoIsolation";
    /// Two jobs for one unit that exclude each other.
    jobs_conflicting = "org.freedesktop.systemd1.TransactionJobsConflicting";
    /// An ordering cycle that cannot be broken.
    order_is_cyclic = "org.freedesktop.systemd1.TransactionOrderIsCyclic";
    /// A queued job is in the way.
    destructive = "org.freedesktop.systemd1.TransactionIsDestructive";
    /// The job means nothing to the unit.
    not_applicable = "org.freedesktop.systemd1.JobTypeNotApplicable";
    /// The scope has ended.
    scope_not_running = "org.freedesktop.systemd1.ScopeNotRunning";
    /// Nobody is there to be signalled.
    no_such_process = "org.freedesktop.systemd1.NoSuchProcess";
    /// The unit runs, or a job for it is queued.
    unit_busy = "org.freedesktop.systemd1.UnitBusy";
    /// The unit does not run.
    unit_inactive = "org.freedesktop.systemd1.UnitInactive";
    /// There is nothing of the kind that was to be cleaned.
    nothing_to_clean = "org.freedesktop.systemd1.NothingToClean";
    /// An argument is wrong.
    invalid_arguments = "org.freedesktop.DBus.Error.InvalidArgs";
    /// What is asked for does not exist here.
    not_supported = "org.freedesktop.DBus.Error.NotSupported";
    /// The caller may not do that.
    access_denied = "org.freedesktop.DBus.Error.AccessDenied";
    /// Too much was asked for.
    limits_exceeded = "org.freedesktop.DBus.Error.LimitsExceeded";
    /// The file is not there.
    file_not_found = "org.freedesktop.DBus.Error.FileNotFound";
    /// There is no such process.
    no_such_pid = "org.freedesktop.DBus.Error.UnixProcessIdUnknown";
    /// The disk or the like said no.
    io = "org.freedesktop.DBus.Error.IOError";
    /// There is no such method.
    unknown_method = "org.freedesktop.DBus.Error.UnknownMethod";
    /// There is no such object.
    unknown_object = "org.freedesktop.DBus.Error.UnknownObject";
    /// The object has no such interface.
    unknown_interface = "org.freedesktop.DBus.Error.UnknownInterface";
    /// The interface has no such property.
    unknown_property = "org.freedesktop.DBus.Error.UnknownProperty";
    /// The property cannot be set.
    property_read_only = "org.freedesktop.DBus.Error.PropertyReadOnly";
    /// Something that is our own fault.
    failed = "org.freedesktop.DBus.Error.Failed";
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let message = error.to_string();
        match error {
            RequestError::NoSuchUnit(_) | RequestError::NotLoaded(_) => Self::no_such_unit(message),
            RequestError::LoadFailed { .. } => Self::load_failed(message),
            RequestError::BadUnitSetting(_) => Self::bad_unit_setting(message),
            RequestError::UnitMasked(_) => Self::unit_masked(message),
            RequestError::OnlyByDependency(_) => Self::only_by_dependency(message),
            RequestError::NoIsolation(_) => Self::no_isolation(message),
            RequestError::InvalidMode { .. } => Self::invalid_arguments(message),
            RequestError::NotApplicable { .. } => Self::not_applicable(message),
            RequestError::JobsConflicting { .. } => Self::jobs_conflicting(message),
            RequestError::OrderIsCyclic(_) => Self::order_is_cyclic(message),
            RequestError::Destructive { .. } | RequestError::NotLenient { .. } => Self::destructive(message),
        }
    }
}

impl From<KillError> for Failure {
    fn from(error: KillError) -> Self {
        let message = error.to_string();
        match error {
            KillError::NotLoaded(_) => Self::no_such_unit(message),
            KillError::NoProcess { .. } => Self::no_such_process(message),
            KillError::NoSignal => Self::invalid_arguments(message),
        }
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        let message = error.to_string();
        match error {
            InstallError::NotFound(_) | InstallError::NoFile(_) => Self::no_such_unit(message),
            InstallError::Masked(_) => Self::unit_masked(message),
            InstallError::Exists(_) | InstallError::PointsElsewhere { .. } => Self::unit_exists(message),
            InstallError::InvalidName(_) => Self::bad_unit_setting(message),
            InstallError::IsLink(_) => Self::unit_linked(message),
            InstallError::IsDirectory(_) => Self::is_directory(message),
            InstallError::NoInstance(_) | InstallError::NotLinkable(_) => Self::invalid_arguments(message),
            InstallError::Io { .. } | InstallError::OutsideOfRoot { .. } => Self::io(message),
        }
    }
}

/// An answer that cannot be put into a message.
impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        Self::failed(error.to_string())
    }
}
