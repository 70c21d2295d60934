import { Route, Switch } from 'wouter'

import { NotFound } from '../not-found.js'
import { Resets } from './resets.js'
import { SubjectPage } from './subject.js'
import { Subjects } from './subjects.js'

/** The pages about users; they are loaded together. */
export const SubjectPages = () => (
  <Switch>
    <Route path="/subjects">
      <Subjects />
    </Route>
    <Route path="/subjects/resets">
      <Resets />
    </Route>
    <Route path="/subjects/:id">{(params) => <SubjectPage key={params.id} id={params.id} />}</Route>
    <Route>
      <NotFound />
    </Route>
  </Switch>
)
