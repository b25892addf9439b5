# /etc/profile.d/shepherd.sh: one Shepherd for each user, with the session bus, from the first log-in on. What PAM runs at the
# end of the last one ends it (pam.d/session-shepherd).
if [ -d "$XDG_RUNTIME_DIR" ] && [ "$(id -u)" != 0 ]; then
    # Its descriptors are not the log-in's, which would wait for their end.
    herd status > /dev/null 2>&1 ||
        shepherd --silent --config=/etc/shepherd/user.scm < /dev/null > /dev/null 2>&1
    herd start dbus > /dev/null && export DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
fi
