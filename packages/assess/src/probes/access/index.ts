import type { Probe } from '../../probe.js'
import { adminAccess } from './admin-access.js'
import { anonymousAccess } from './anonymous-access.js'
import { crossUserObject } from './cross-user-object.js'
import { directoryListing } from './directory-listing.js'
import { dotfiles } from './dotfiles.js'
import { pathTraversal } from './path-traversal.js'
import { sequentialIds } from './sequential-ids.js'

/** Who may open what: pages, objects, folders, files. */
export const accessProbes: readonly Probe[] = [
  anonymousAccess,
  adminAccess,
  crossUserObject,
  sequentialIds,
  directoryListing,
  dotfiles,
  pathTraversal,
]
