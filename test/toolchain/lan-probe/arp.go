package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

const (
	etherTypeARP = 0x0806
	frameLength  = 42 // Ethernet header and an ARP packet for IPv4
	opRequest    = 1
	opReply      = 2
)

// A port is a raw socket on one interface that sees ARP frames, with the addresses requests are sent from. There
// is one sender address, however much is asked: thousands would fill the neighbour table that all namespaces share.
type port struct {
	fd  int
	mac [6]byte
	ip  [4]byte
}

// errNoFrame says that nothing came in time.
var errNoFrame = errors.New("no frame in time")

func openPort(name string) (*port, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	ip, err := ipv4Of(link)
	if err != nil {
		return nil, err
	}
	// Protocol 0 receives nothing, so no frame of another interface slips in before bind.
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket(AF_PACKET): %w", err)
	}
	// The option is forced past the limit for unprivileged sockets: losing frames here would be blamed on the peer.
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 8<<20)
	address := &syscall.SockaddrLinklayer{Protocol: networkOrder(etherTypeARP), Ifindex: link.Index}
	if err := syscall.Bind(fd, address); err != nil {
		return nil, fmt.Errorf("bind to %s: %w", name, err)
	}
	return &port{fd: fd, mac: [6]byte(link.HardwareAddr), ip: ip.As4()}, nil
}

// giveUpAfter makes receive return errNoFrame when nothing comes for so long.
func (p *port) giveUpAfter(limit time.Duration) error {
	timeout := syscall.NsecToTimeval(limit.Nanoseconds())
	return syscall.SetsockoptTimeval(p.fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout)
}

// request is the frame that asks everybody for target.
func (p *port) request(target netip.Addr) [frameLength]byte {
	var frame [frameLength]byte
	copy(frame[0:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	copy(frame[6:], p.mac[:])
	binary.BigEndian.PutUint16(frame[12:], etherTypeARP)
	copy(frame[14:], []byte{0, 1, 8, 0, 6, 4, 0, opRequest})
	copy(frame[22:], p.mac[:])
	copy(frame[28:], p.ip[:])
	address := target.As4()
	copy(frame[38:], address[:])
	return frame
}

func (p *port) send(frame *[frameLength]byte) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(p.fd), uintptr(unsafe.Pointer(frame)), frameLength)
	if errno != 0 {
		return errno
	}
	return nil
}

func (p *port) receive(buffer *[128]byte) (int, error) {
	n, err := syscall.Read(p.fd, buffer[:])
	return n, orNoFrame(err)
}

// receiveAlone waits in the kernel without telling Go's scheduler, whose part would show in the microseconds
// measured. Nothing else may have to run meanwhile, the garbage collector included.
func (p *port) receiveAlone(buffer *[128]byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(p.fd), uintptr(unsafe.Pointer(buffer)), 128)
	if errno != 0 {
		return 0, orNoFrame(errno)
	}
	return int(n), nil
}

func orNoFrame(err error) error {
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return errNoFrame
	}
	return err
}

// isAnswer tells an ARP reply to this port from everything else, gratuitous replies among it.
func (p *port) isAnswer(frame []byte) bool {
	return len(frame) >= frameLength && frame[21] == opReply && [6]byte(frame[0:6]) == p.mac &&
		[4]byte(frame[38:42]) == p.ip
}

// whose reads the sender of an ARP packet.
func whose(frame []byte) (net.HardwareAddr, netip.Addr) {
	return net.HardwareAddr(frame[22:28]), netip.AddrFrom4([4]byte(frame[28:32]))
}

func ipv4Of(link *net.Interface) (netip.Addr, error) {
	addresses, err := link.Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err == nil && prefix.Addr().Is4() {
			return prefix.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s has no IPv4 address", link.Name)
}

func networkOrder(value uint16) uint16 {
	return value<<8 | value>>8
}
