;; Asks for a page with Guile's web client, which verifies by GnuTLS.
(use-modules (web client) (rnrs bytevectors))
(call-with-values (lambda () (http-get (cadr (command-line)) #:decode-body? #f))
  (lambda (response body) (display (utf8->string body))))
