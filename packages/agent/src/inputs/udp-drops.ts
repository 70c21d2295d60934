import { readIfThere } from '../files/durable.js'

/** Datagrams that the kernel dropped on the sockets of a local UDP port since they were opened; `undefined` when it cannot be known. Source: proc(5), /proc/net/udp. */
export const udpDrops = (port: number, procRoot = '/proc'): number | undefined => {
  let drops: number | undefined
  for (const table of ['udp', 'udp6'])
    for (const line of (readIfThere(`${procRoot}/net/${table}`) ?? '').split('\n').slice(1)) {
      const fields = line.trim().split(/ +/)
      const local = Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16)
      const count = Number(fields.at(-1))
      if (local === port && Number.isInteger(count)) drops = (drops ?? 0) + count
    }
  return drops
}
