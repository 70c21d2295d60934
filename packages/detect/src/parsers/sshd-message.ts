/** What one message of sshd says, in the words of events. All strings but `user`, `method` and `address` are constants. */
export type SshdMessage = {
  category: string
  /** `login` once a try; `login-step`, `session-opened`, `connection-closed`, `protocol-error`, ... around it; `message` for the rest */
  action: string
  outcome: 'success' | 'failure' | 'unknown'
  reason: string | undefined
  address: string | undefined
  /** -1 when there is none */
  port: number
  user: string | undefined
  /** how the client proved itself or tried to: `password`, `publickey`, `keyboard-interactive/pam` */
  method: string | undefined
}

/** An empty message, filled in place by the readers. */
export const createSshdMessage = (): SshdMessage => ({
  category: 'process',
  action: 'message',
  outcome: 'unknown',
  reason: undefined,
  address: undefined,
  port: -1,
  user: undefined,
  method: undefined,
})
