import { Route, Switch } from 'wouter'

import { NotFound } from '../not-found.js'
import { IncidentPage } from './incident.js'
import { Incidents } from './incidents.js'

/** The pages about incidents; they are loaded together. */
export const IncidentPages = () => (
  <Switch>
    <Route path="/incidents">
      <Incidents />
    </Route>
    <Route path="/incidents/:id">{(params) => <IncidentPage key={params.id} id={params.id} />}</Route>
    <Route>
      <NotFound />
    </Route>
  </Switch>
)
