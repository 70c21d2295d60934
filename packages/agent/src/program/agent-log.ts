/** Where the agent speaks about itself; nothing of a log line is ever in it. */
export type AgentLog = (level: 'info' | 'warn' | 'error', message: string) => void
