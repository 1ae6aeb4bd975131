/**
 * `struct sockaddr_ll`, packet(7): the address of an AF_PACKET socket and of a frame it receives. Its length and
 * where its fields lie, in bytes; of them the protocol alone is big endian.
 */
export const SOCKADDR_LL = { length: 20, family: 0, protocol: 2, interfaceIndex: 4, packetType: 10 } as const;
