import process from 'node:process'
import { agentMain } from '@parapet/agent'

process.exitCode = await agentMain(process.argv.slice(2))
