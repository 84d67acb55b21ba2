/* SPDX-License-Identifier: Apache-2.0
 * channel.c - packets with an optional descriptor.
 */
#include "server/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct wire {
    uint32_t kind, slot;
    uint64_t number;
};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int ln_channel_open(int ends[2], struct ln_err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return ln_fail(err, LN_E_SYS, "channel to a worker");
    return 0;
}

static void attach_fd(struct msghdr *head, union control *control, int fd)
{
    memset(control, 0, sizeof *control);
    head->msg_control = control->bytes;
    head->msg_controllen = sizeof control->bytes;

    struct cmsghdr *c = CMSG_FIRSTHDR(head);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

bool ln_channel_send(int fd, const struct ln_msg *msg)
{
    struct wire wire = {(uint32_t)msg->kind, msg->slot, msg->number};
    size_t n = msg->text.n < LN_MSG_TEXT_MAX ? msg->text.n : LN_MSG_TEXT_MAX;
    struct iovec parts[] = {{&wire, sizeof wire}, {(void *)(uintptr_t)msg->text.p, n}};
    struct msghdr head = {.msg_iov = parts, .msg_iovlen = n > 0 ? 2 : 1};
    union control control;
    ssize_t sent;

    if (msg->fd >= 0)
        attach_fd(&head, &control, msg->fd);
    do {
        sent = sendmsg(fd, &head, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static int take_fd(struct msghdr *head)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(head);
    int fd = -1;

    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

enum ln_received ln_channel_receive(int fd, struct ln_msg *msg, struct ln_text *text)
{
    static const size_t room = LN_MSG_TEXT_MAX;
    char bytes[LN_MSG_TEXT_MAX];
    struct wire wire;
    struct iovec parts[] = {{&wire, sizeof wire}, {bytes, room}};
    union control control;
    struct msghdr head = {.msg_iov = parts,
                          .msg_iovlen = 2,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
    ssize_t n;

    do {
        n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return LN_RECEIVED_NOTHING;
    if (n < (ssize_t)sizeof wire || wire.kind >= LN_MSG_KINDS)
        return LN_RECEIVED_END;
    ln_text_fini(text);
    ln_text_init(text);
    ln_text_add(text, bytes, (size_t)n - sizeof wire);
    *msg = (struct ln_msg){(enum ln_msg_kind)wire.kind, wire.slot, wire.number, take_fd(&head),
                           ln_slice(text->p, text->n)};
    return LN_RECEIVED;
}
