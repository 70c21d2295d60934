import type { Express, Request, RequestHandler, Response } from 'express'

/** Runs ahead of the studio for every request of these paths, or of all, which then goes on. */
export const ahead = (app: Express, paths: readonly string[] | 'all', run: (request: Request, response: Response) => void): void => {
  app.use((request, response, next) => {
    if (paths === 'all' || paths.includes(request.path)) run(request, response)
    next()
  })
}

/** A handler that takes its time, with its types; what it fails with Express hands to the handler of errors. */
export const later = (work: (request: Request, response: Response, next: () => void) => Promise<void>): RequestHandler => work
