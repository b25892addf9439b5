# /etc/profile.d/shepherd.sh: one Shepherd for each user, with the session bus, from the first log-in on. It ends when
# elogind removes its socket's directory after the last one.
if [ -d "$XDG_RUNTIME_DIR" ] && [ "$(id -u)" != 0 ]; then
    # Its descriptors are not the log-in's, which would wait for their end.
    [ -S "$XDG_RUNTIME_DIR/shepherd/socket" ] ||
        shepherd --silent --config=/etc/shepherd/user.scm < /dev/null > /dev/null 2>&1
    herd start dbus > /dev/null && export DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
fi
