import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './control-plane.js'
import { type Program, startProgram } from './processes.js'

/** The words in front of the arguments that run a program of this checkout from its sources. */
export const fromSource = (entry: string): readonly [string, ...string[]] => [
  process.execPath,
  '--conditions=source',
  '--import',
  'tsx',
  join(root, entry),
]

/** Gives an agent's state folder an identity, as enrolment does: the token is that of a source. */
export const writeIdentity = (stateDir: string, server: string, token: string): void => {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(join(stateDir, 'identity.json'), JSON.stringify({ server, sourceId: 's', name: 'a test', token, privateKey }), {
    mode: 0o600,
  })
}

/** Starts an agent from the sources and waits until it runs. */
export const startAgentProgram = async (config: string): Promise<Program> => {
  const [command, ...args] = fromSource('tests/e2e/support/agent-main.ts')
  const program = startProgram(command, [...args, 'run', '--config', config], { cwd: root })
  await program.waitFor(/^running /m, 120_000)
  return program
}
