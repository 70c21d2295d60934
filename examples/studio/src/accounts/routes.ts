import { Router } from 'express'
import type { StudioParts } from '../parts.js'
import type { Doors } from '../web.js'
import { accountRoutes } from './account.js'
import { resetRoutes } from './reset.js'
import { securityRoutes } from './security.js'
import { signInRoutes } from './sign-in.js'
import { signUpRoutes } from './sign-up.js'
import { stepUpRoutes } from './step-up.js'

/** Everything about one's own account. */
export const accountsRouter = (parts: StudioParts, doors: Doors): Router => {
  const router = Router()
  signUpRoutes(router, parts, doors)
  signInRoutes(router, parts, doors)
  resetRoutes(router, parts, doors)
  stepUpRoutes(router, parts, doors)
  accountRoutes(router, parts, doors)
  securityRoutes(router, parts, doors)
  return router
}
