import { createServer } from 'node:net'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { loadEnforce } from '../config/enforce-config.js'
import { createProtectedHere } from '../enforce/protected-here.js'
import { createNftVerbs } from './nft.js'
import { createNginxVerbs } from './nginx.js'
import { createHelperQueue, serveConnection, serveStream } from './serve.js'

const USAGE = `Usage: parapet-agent-helper --config FILE [--stdio]

Does for the agent of this host what needs rights: changes the nftables table "inet parapet", and nothing else of
the firewall; tests and reloads nginx. It is started by parapet-agent-helper.socket, or by an agent that runs as root.
`

/** The first file that systemd passes. Source: sd_listen_fds(3). */
const LISTEN_FD = 3
const CONNECTIONS = 4

/** Runs the helper until its socket or its input ends; gives an exit code when it cannot. */
export const helperMain = async (argv: readonly string[]): Promise<number | undefined> => {
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: 'string' }, stdio: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  const activated = process.env['LISTEN_PID'] === String(process.pid) && process.env['LISTEN_FDS'] === '1'
  if (values.help === true || values.config === undefined || (values.stdio !== true && !activated)) {
    process.stderr.write(USAGE)
    return values.help === true ? 0 : 2
  }
  // the owner's file, read by the helper itself: what the agent asks for cannot widen it
  const enforce = loadEnforce(values.config)
  const protectedHere = createProtectedHere({ allow: enforce.allow, operators: enforce.operators })
  const answer = createHelperQueue({
    nft: createNftVerbs(
      { enforce: enforce.nftables.mode === 'enforce', lockdown: enforce.nftables.lockdown, most: enforce.nftables.most },
      protectedHere,
    ),
    nginx: createNginxVerbs({ ...enforce.nginx, enforce: enforce.nginx.mode === 'enforce', protectedHere }),
  })
  if (values.stdio === true) {
    serveStream(process.stdin, process.stdout, answer)
    return undefined
  }
  const server = createServer((connection) => serveConnection(connection, answer))
  server.maxConnections = CONNECTIONS
  server.listen({ fd: LISTEN_FD })
  return undefined
}
