;; /etc/shepherd/user.scm: services of every user.
(load "/usr/share/usher/shepherd/user/dbus.scm")
(perform-service-action root-service 'daemonize)
