#!/bin/bash
# Check that this member is the primary or a secondary. It sends one `hello` (which requires no sign-in) over bash's
# TCP. mongosh would need a second of CPU and 100 MB for each check.
set -eu
exec 3<>/dev/tcp/127.0.0.1/27017
# Header (length 52, request 1, OP_MSG 2013), no flags, one document: {hello: 1, $db: "admin"}.
printf '\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0' >&3
# In BSON a boolean is its name, a zero byte, and 0 or 1.
timeout 3 dd bs=16384 count=1 <&3 2>/dev/null | tr '\0\1' '=!' | grep -Eaq '(isWritablePrimary|secondary)=!'
