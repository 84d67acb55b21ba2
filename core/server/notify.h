/* SPDX-License-Identifier: Apache-2.0
 * notify.h - tells a service manager how we are (sd_notify(3): a datagram to the socket named in
 * $NOTIFY_SOCKET).
 */
#ifndef LN_SERVER_NOTIFY_H
#define LN_SERVER_NOTIFY_H

/* `state` such as "READY=1". Nothing happens when nobody asked for it. */
void ln_notify(const char *state);

/* RELOADING=1 with the moment that Type=notify-reload wants. */
void ln_notify_reloading(void);

#endif
