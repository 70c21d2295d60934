import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The top of the checkout. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** What one run of a whole process cost: user and system time of it and of its children, start-up included. */
export type Cost = { readonly cpuSeconds: number; readonly output: string }

/** A bound that a benchmark must keep. */
export type Floor = {
  readonly what: string
  readonly measured: string
  readonly bound: string
  readonly kept: boolean
  /** what CI asks for, with slack for shared and noisy machines; as strict as `kept` where it is left out */
  readonly gate?: { readonly bound: string; readonly kept: boolean }
}

/** What a benchmark found: sentences to print, and the floors it is judged by. */
export type Report = { readonly text: readonly string[]; readonly floors: readonly Floor[] }

/** What a benchmark works with. */
export type Tools = {
  /** true in CI, where smaller inputs do */
  readonly gated: boolean
  /** a folder that is gone afterwards */
  readonly folder: string
  readonly measure: (command: string, args: readonly string[]) => Promise<Cost>
  /** runs a worker of `bench/workers` on the built packages, as a user's process would */
  readonly worker: (name: string, ...args: readonly string[]) => Promise<{ cpuSeconds: number; report: unknown }>
  /** the peer's program, or `undefined` when the machine has none */
  readonly peer: (program: string) => Promise<string | undefined>
}

/** One benchmark, in a file named after it. */
export type Bench = { readonly name: string; readonly run: (tools: Tools) => Promise<Report> }

const run = (command: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

/** Reads `1m2.345s 0m0.100s` as seconds in all. */
const readTimes = (line: string): number => {
  let seconds = 0
  for (const [, minutes, rest] of line.matchAll(/(\d+)m([\d.]+)s/g)) seconds += Number(minutes) * 60 + Number(rest)
  return seconds
}

/**
 * Runs a program and measures it with the shell's `times`: the same ruler for us and for peers in any language. Its output goes
 * to a file, so that nobody waits for a pipe.
 */
const createMeasure =
  (folder: string): Tools['measure'] =>
  async (command, args) => {
    const output = join(folder, 'output')
    const script = 'out=$1; shift; "$@" >"$out" 2>&1; code=$?; times; exit $code'
    const { code, stdout, stderr } = await run('bash', ['-c', script, 'measure', output, command, ...args])
    const said = readFileSync(output, 'utf8')
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}${said.slice(-2000)}`)
    return { cpuSeconds: readTimes(stdout.trimEnd().split('\n').at(-1) ?? ''), output: said }
  }

/** Brings the built packages up to date: what is measured is what is installed. */
const build = async (): Promise<void> => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { code, stdout } = await run(process.execPath, [
    tsc,
    '-b',
    'packages/detect',
    'packages/guard',
    'packages/privacy',
    'packages/agent',
  ])
  if (code !== 0) throw new Error(`the packages do not build:\n${stdout}`)
}

/** Prepares the tools, hands them to `use`, and cleans up. */
export const withTools = async <T>(gated: boolean, use: (tools: Tools) => Promise<T>): Promise<T> => {
  await build()
  const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'))
  const measure = createMeasure(folder)
  try {
    return await use({
      gated,
      folder,
      measure,
      worker: async (name, ...args) => {
        const { cpuSeconds, output } = await measure(process.execPath, [join(root, 'bench/workers', `${name}.js`), ...args])
        return { cpuSeconds, report: JSON.parse(output) as unknown }
      },
      peer: async (program) => {
        const { code, stdout } = await run('bash', ['-c', 'command -v -- "$1"', 'peer', program])
        return code === 0 ? stdout.trim() : undefined
      },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The middle one of an odd number of values. */
export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** `1,234,567` */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US')
