/**
 * Runs every test that this machine can and says plainly what it could not run and why. `npm test [-- vitest filters]`.
 *   --soak      the long kill and fuzz runs
 *   --whole     a skipped test is a failure (what CI asks for)
 *   --core      only the packages without a database or a browser (what runs on a second Node)
 * The last line is `N passed, N failed` (and `, N skipped` where something was).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildStale } from './build.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const known = new Set(['--soak', '--whole', '--core'])
const flags = new Set(process.argv.slice(2).filter((word) => known.has(word)))
const filters = process.argv.slice(2).filter((word) => !known.has(word))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const suites = (...names) => names.map((name) => `packages/${name}/`)
const CORE = suites('core', 'client', 'guard', 'detect', 'respond')
/** Their files leave nothing behind in a process, and share one: loading every module anew for each would take as long as the tests. */
const SHARED = [...CORE, ...suites('assess', 'cli', 'privacy', 'server')]
const OWN = suites(...readdirSync(join(root, 'packages'))).filter((suite) => !SHARED.includes(suite))
/** The first two load libraries that change how errors look in the whole process; the others are judged by the clock. */
const APART = [
  'packages/privacy/src/prisma/',
  'packages/guard/src/next/',
  'packages/detect/src/engine/builtin-rules.test.ts',
  'packages/privacy/src/masking/scan/hostile.test.ts',
]
const without = (paths) => paths.flatMap((path) => ['--exclude', path])
const inOneProcess = (names) => [...names, '--no-isolate', ...without(APART.map((path) => `${path}**`))]
/** End to end and by nobody's clock: two at a time. Whoever is not listed runs alone, so that no neighbour makes it late. */
const BESIDE = [
  ...[
    'demo',
    'django-example',
    'external-postgres',
    'fresh-clone',
    'guard-keyset',
    'kill-ingest',
    'planted',
    'quality',
    'quality-floors',
    'studio',
    'studio-looks',
    'studio-pages',
  ].map((name) => `tests/e2e/${name}.test.ts`),
  'tests/attacks/faults.test.ts',
  'tests/attacks/leaky.test.ts',
]
const REST = [...APART, ...OWN, 'examples/', 'tests/house', 'tests/exports']

/** What crosses packages is mostly judged by the clock, so it runs after the rest. */
const phases = () => {
  if (filters.length > 0) return [{ name: 'tests', args: filters }]
  if (flags.has('--core'))
    return [
      { name: 'core suites', args: inOneProcess(CORE) },
      { name: 'core suites that want a process for each file', args: APART.filter((path) => CORE.some((suite) => path.startsWith(suite))) },
    ]
  return [
    { name: 'packages', args: inOneProcess(SHARED) },
    { name: 'packages that want a process for each file, examples, house and exports', args: REST },
    { name: 'end to end, two at a time', args: BESIDE },
    { name: 'end to end and attacks, one at a time', args: ['tests/e2e', 'tests/attacks', '--no-file-parallelism', ...without(BESIDE)] },
  ]
}

const total = { passed: 0, failed: 0, skipped: 0 }
const notRun = []
const broken = []
const place = mkdtempSync(join(tmpdir(), 'parapet-test-'))

/** What a summary shows of a failure: its message and where, not all of its stack. */
const firstLines = (message = '') => message.split('\n', 6).join('\n    ').slice(0, 800)

const runPhase = ({ name, args }) => {
  const report = join(place, 'report.json')
  rmSync(report, { force: true })
  console.log(`\n== ${name} (Node ${process.version})`)
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile=${report}`, ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...(flags.has('--soak') ? { PARAPET_SOAK: '1' } : {}) },
    },
  )
  let result
  try {
    result = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    total.failed++
    broken.push(`${name}: the run ended without a report (exit ${status})`)
    return
  }
  total.passed += result.numPassedTests
  total.failed += result.numFailedTests
  for (const file of result.testResults) {
    // a file that fails to load has no test of its own to count
    if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) {
      total.failed++
      broken.push(`${relative(root, file.name)}: ${firstLines(file.message)}`)
    }
    for (const test of file.assertionResults) {
      if (test.status === 'failed') broken.push(`${relative(root, file.name)} > ${test.fullName}: ${firstLines(test.failureMessages[0])}`)
      if (test.status === 'passed' || test.status === 'failed') continue
      total.skipped++
      notRun.push(test.ancestorTitles[0] ?? test.title)
    }
  }
  if (status !== 0 && result.numFailedTests === 0 && result.success) {
    total.failed++
    broken.push(`${name}: an error outside of every test (exit ${status}); look for "Unhandled" above`)
  }
}

try {
  buildStale()
  for (const phase of phases()) runPhase(phase)
} catch (error) {
  console.error(error.message)
  total.failed++
} finally {
  rmSync(place, { recursive: true, force: true })
}

for (const failure of broken) console.log(`FAILED: ${failure}`)
for (const title of new Set(notRun)) console.log(`NOT RUN: ${title}`)
if (flags.has('--whole') && total.skipped > 0) {
  console.log(`${total.skipped} tests were skipped, and this run allows none`)
  total.failed += total.skipped
}
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 ? 1 : 0
