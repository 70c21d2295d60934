import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './imports.js'

/** A fenced block of a page. */
export type Block = {
  readonly language: string
  readonly code: string
  /** from a first line such as `// keys.ts` or `// app/page.tsx`; blocks without one get a number */
  readonly file: string
  /** the `text` block right after it: what it prints, with `…` for what differs from run to run */
  readonly prints: string | undefined
}

/** The blocks of a page in order; a `text` block belongs to the block before it. */
export const readBlocks = (page: string): readonly Block[] => {
  const blocks: Block[] = []
  for (const [, language = '', code = ''] of readFileSync(join(root, page), 'utf8').matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    const last = blocks.at(-1)
    if (language === 'text' && last !== undefined && last.prints === undefined) blocks[blocks.length - 1] = { ...last, prints: code }
    else blocks.push({ language, code, file: /^\/\/ ([\w/-]+\.tsx?)\n/.exec(code)?.[1] ?? `block-${blocks.length}.ts`, prints: undefined })
  }
  return blocks
}

/** Writes the TypeScript of a page into a folder inside the checkout, so that imports resolve as for an application beside the packages. */
export const writePrograms = (folder: string, blocks: readonly Block[]): readonly string[] => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return blocks
    .filter(({ language }) => language === 'ts' || language === 'tsx')
    .map(({ file, code }) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), /^(?:im|ex)port /m.test(code) ? code : `${code}\nexport {}\n`)
      return join(folder, file)
    })
}

/** Type-checks programs as strictly as our own code, against what the packages export; gives what the compiler says, nothing when all is well. */
export const typeCheck = (folder: string, files: readonly string[], more: Readonly<Record<string, unknown>> = {}): string => {
  const compilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true,
    module: 'nodenext', target: 'es2023', types: ['node'], customConditions: ['source'], ...more,
  } // prettier-ignore
  const config = join(folder, 'tsconfig.json')
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout : `${stdout}tsc ended with ${status}`
}

/** A folder with an `npx` that runs `npx parapet` from the sources of this checkout. */
const writeCommand = (folder: string): string => {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const main = pathToFileURL(join(root, 'packages/cli/src/main.ts')).href
  writeFileSync(join(bin, 'parapet.mjs'), `const { main } = await import('${main}')\nawait main()\n`)
  const run = `exec '${process.execPath}' --conditions=source --import tsx '${join(bin, 'parapet.mjs')}' "$@"`
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\n[ "$1" = parapet ] || exit 64\nshift\n${run}\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  return bin
}

/** Runs a block in a folder, shell or TypeScript, and gives what it printed, trouble included. */
export const runBlock = (
  folder: string,
  block: Block,
  env: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<string> =>
  new Promise((resolve, reject) => {
    const [command, args] =
      block.language === 'sh'
        ? ['bash', ['-euo', 'pipefail', '-c', block.code]]
        : [process.execPath, ['--conditions=source', '--import', 'tsx', join(folder, block.file), ...more]]
    const path = `${writeCommand(folder)}${delimiter}${process.env['PATH'] ?? ''}`
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env, PATH: path, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    const take = (chunk: Buffer): void => {
      printed += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', () => resolve(printed))
  })

/** True when a text is what a page says, with `…` for any characters of one line. */
export const isAsPrinted = (printed: string, said: string): boolean => {
  const lines = printed.trimEnd().split('\n')
  const expected = said.trimEnd().split('\n')
  return lines.length === expected.length && expected.every((line, i) => matches(lines[i] ?? '', line.split('…')))
}

/** The pieces stand in the line in order, the first at its start and the last at its end. */
const matches = (line: string, pieces: readonly string[]): boolean => {
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return line === first
  if (!line.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = line.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  return line.length - last.length >= at && line.endsWith(last)
}
