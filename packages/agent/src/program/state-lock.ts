import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { readIfThere } from '../files/durable.js'

/** When a process was started, in ticks of the kernel: with its number it names one process for ever. `undefined` when it is gone. */
const startOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Takes a state folder for this process. Throws `PPT_CONFLICT` while another agent that runs has it. Gives the way to let it go. */
export const lockState = (stateDir: string): (() => void) => {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, 'lock')
  const [pid = '', start = ''] = (readIfThere(path) ?? '').split(' ')
  if (/^\d+$/.test(pid) && Number(pid) !== process.pid && start !== '' && startOf(Number(pid)) === start)
    throw new ParapetError('PPT_CONFLICT', `process ${pid} is an agent that works on ${stateDir}`)
  writeFileSync(path, `${process.pid} ${startOf(process.pid) ?? ''}`, { mode: 0o600 })
  return () => rmSync(path, { force: true })
}
