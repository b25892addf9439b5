;; Made by session-launcher 0.1.0 from a systemd unit; change that, not this file:
;;   units/user/dbus.service
;; by: session-launcher translate --to shepherd --unit-path units/user dbus.service
;;
;; Others start it; the unit has no WantedBy=. To enable it anyway: (start-in-the-background '(dbus))

(use-modules (shepherd service) (shepherd support) (ice-9 match))

(register-services
 (list
  (service '(dbus)
    #:documentation "Session message bus"
    #:start (lambda _
      (match (pipe O_CLOEXEC)
        ((input . output)
         ;; A newline tells that it is up, an end without one that it is not.
         (let ((pid (fork+exec-command
              (list "/usr/bin/dbus-daemon"
                    "--session"
                    (string-append "--address=unix:path=" (or (getenv "XDG_RUNTIME_DIR") "") "/bus")
                    "--nofork"
                    "--nopidfile"
                    "--print-address"
                    "3")
              #:extra-ports (list output)
              #:directory (string-append (or (getenv "HOME") ""))
              #:environment-variables (environ))))
           (close-port output)
           (let ((up? (char? (read-char (non-blocking-port input)))))
             (close-port input)
             (and up? pid))))))
    #:stop (make-kill-destructor SIGTERM #:grace-period 90)
    #:respawn? #f
    #:termination-handler (const #f)
    #:actions (list (action 'reload
            (lambda (process)
              (kill (process-id process) SIGHUP)
              #t)
            "Read the configuration again.")))))
