import process from 'node:process'
import { startStudio } from './start.js'

try {
  const { close } = await startStudio(process.env)
  const stop = (): void => void close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stderr.write(`The studio does not start. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
