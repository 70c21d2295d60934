import type { CommandContext } from '../command.js'
import { type ApiClient, createApiClient } from './api-client.js'
import { findConnection } from './connection.js'

/** The client of a command that speaks to a control plane: the stated one, else the server of this machine. */
export const openApiClient = async ({ env }: Pick<CommandContext, 'env'>, options: { url?: string }): Promise<ApiClient> =>
  createApiClient(
    await findConnection({
      url: options.url,
      env,
      local: async () => {
        const { loadConfig, readLocalToken } = await import('@parapet/server/config')
        const { config } = await loadConfig({ env })
        return { url: `${config.tls === undefined ? 'http' : 'https'}://localhost:${config.port}`, token: await readLocalToken(config) }
      },
    }),
  )
