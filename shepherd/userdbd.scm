;; Made by session-launcher 0.1.0 from a systemd unit; change that, not this file:
;;   units/system/userdbd.service
;; by: session-launcher translate --to shepherd --system --unit-path units/system userdbd.service
;;
;; WantedBy=multi-user.target. To enable it: (start-in-the-background '(userdbd))
;;
;; Of the unit, this does not say:
;;   Before=display-manager.service: the Shepherd has no order but by what is needed

(use-modules (shepherd service) (shepherd support) (ice-9 match))

(register-services
 (list
  (service '(userdbd)
    #:documentation "Users and groups of this system"
    #:start (lambda _
      (for-each (lambda (name)
                  (let ((other (lookup-service name)))
                    (when (and other (eq? 'starting (service-status other)))
                      (start-service other))))
                '(file-systems))
      (match (pipe O_CLOEXEC)
        ((input . output)
         ;; A newline tells that it is up, an end without one that it is not.
         (let ((pid (fork+exec-command
              (list "/usr/libexec/userdbd"
                    "--ready-fd"
                    "3")
              #:extra-ports (list output)
              #:directory "/"
              #:environment-variables (environ))))
           (close-port output)
           (let ((up? (char? (read-char (non-blocking-port input)))))
             (close-port input)
             (and up? pid))))))
    #:stop (make-kill-destructor SIGTERM #:grace-period 90)
    #:respawn? #t
    #:respawn-delay 0.1
    #:respawn-limit '(3 . 10)
    #:actions (list (action 'reload
            (lambda (process)
              (kill (process-id process) SIGHUP)
              #t)
            "Read the configuration again.")))))
