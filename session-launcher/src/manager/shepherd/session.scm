;; What session-launcher adds to a user's Shepherd while a session runs.
(use-modules (shepherd service) (fibers))

;; Tells session-launcher. It may be away; nobody waits for it.
(define (session-launcher-tell fifo line)
  (false-if-exception
   (let ((port (open fifo (logior O_WRONLY O_NONBLOCK O_CLOEXEC))))
     (display line port)
     (newline port)
     (close-port port))))

;; Reads one character, without keeping the other services waiting: a true value is readiness, the end of file is not.
(define (session-launcher-wait input)
  (fcntl input F_SETFL (logior O_NONBLOCK (fcntl input F_GETFL)))
  (let ((character (read-char input)))
    (close-port input)
    (not (eof-object? character))))

;; A service that is up when its wrapper has written to its descriptor 3. What follows when it ends is for
;; session-launcher to decide: it is neither started again nor disabled here.
(define (session-launcher-service name documentation requirement command environment log grace)
  (service (list name)
    #:documentation documentation
    #:requirement requirement
    #:respawn? #f
    #:start (lambda _
              (let* ((ends (pipe O_CLOEXEC))
                     (pid (fork+exec-command command
                                             #:extra-ports (list (cdr ends))
                                             #:environment-variables environment
                                             #:log-file log)))
                (close-port (cdr ends))
                (and (session-launcher-wait (car ends)) pid)))
    #:stop (make-kill-destructor SIGTERM #:grace-period grace)
    #:termination-handler (lambda (service process status)
                            (let ((new (service-replacement service)))
                              (when new (register-services (list new)))))))

;; The services that were made for session-launcher.
(define-once session-launcher-names '())

;; Starts a service in the background once its last run is over. A new definition comes first, if there is one.
(define (session-launcher-start fifo order name definition)
  (unless (memq name session-launcher-names)
    (set! session-launcher-names (cons name session-launcher-names)))
  (spawn-fiber
   (lambda ()
     (unless (false-if-exception
              (let loop ((patience 1000))
                (let ((known (lookup-service name)))
                  (if (and known (not (service-stopped? known)))
                      (and (> patience 0)
                           (begin (sleep 0.01) (loop (- patience 1))))
                      (begin
                        (when definition (register-services (list definition)))
                        (start-service (lookup-service name)))))))
       (session-launcher-tell fifo order)))))

;; Takes the services away again. In a fiber of its own: what evaluates expressions cannot wait.
(define (session-launcher-end)
  (let ((names session-launcher-names))
    (set! session-launcher-names '())
    (spawn-fiber
     (lambda ()
       (for-each (lambda (name)
                   (let ((known (lookup-service name)))
                     (when known (false-if-exception (unregister-services (list known))))))
                 names)))))

;; Ends a Shepherd of session-launcher's own.
(define (session-launcher-halt)
  (spawn-fiber (lambda () (stop-service root-service))))
