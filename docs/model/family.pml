/* docs/model/family.pml: a parent shard that ends, its child, and workers that may die between any two writes.
 *
 * Leases are perfect here (lease.pml is about them): a worker holds the parent or the child until it is done or
 * dies. README.md beside this file says what is claimed.
 */

#ifndef WORKERS
#define WORKERS 2
#endif
#define RECORDS 2
#define DEATHS 2 /* Progress is claimed once faults have stopped. */

/* The table. */
byte checkpoint = 0;   /* Of the parent, in records. */
bit ended = 0;         /* The parent's row is at SHARD_END. */
bit childRow = 0;
byte childFrom = 0;    /* 0: the oldest record; 1: after what came before the row was made. */
bit parentHeld = 0;
bit childHeld = 0;

/* What the application saw. */
byte acknowledged = 0; /* Records of the parent, without gaps. */
bit childDelivered = 0;
byte deaths = 0;

#ifdef PLANT_CHILD_AT_LATEST
#define START 1
#else
#define START 0
#endif
#ifdef PLANT_CHILD_BEFORE_PARENT_END
#define childMayStart childRow
#else
#define childMayStart (childRow && ended)
#endif

#ifdef PLANT_END_BEFORE_CHILD
#define needsChild 0
#else
#define needsChild 1
#endif

#define mayDie (deaths < DEATHS)

proctype Run() {
  byte at;
  bit made;
idle:
end:
  if
  :: atomic { !parentHeld && !ended -> parentHeld = 1; at = checkpoint; made = 0; goto parent }
  :: atomic { !childHeld && childMayStart && !childDelivered -> childHeld = 1; goto child }
  fi;
parent:
  if
  :: atomic { mayDie -> deaths++; parentHeld = 0; goto idle }
  :: atomic { at < RECORDS -> /* A delivery that is acknowledged; the checkpoint may follow. */
       at++;
       if
       :: at > acknowledged -> acknowledged = at
       :: else
       fi };
     if
     :: atomic { mayDie -> deaths++; parentHeld = 0; goto idle }
     :: checkpoint = at
     fi;
     goto parent
  :: atomic { at == RECORDS && (made || !needsChild) -> ended = 1 };
     goto finished
  :: atomic { at == RECORDS && !made && needsChild ->
       if
       :: !childRow -> childRow = 1; childFrom = START
       :: else
       fi;
       made = 1 };
     goto parent
  fi;
finished:
  if
  :: atomic { mayDie -> deaths++; parentHeld = 0; goto idle }
  :: atomic { !childRow -> childRow = 1; childFrom = START }; goto finished
  :: atomic { childRow -> parentHeld = 0; goto idle }
  fi;
child:
  if
  :: atomic { mayDie -> deaths++; childHeld = 0; goto idle }
  :: atomic {
       assert(acknowledged == RECORDS); /* Parent first. */
       assert(childFrom == 0);          /* No gap. */
       childDelivered = 1; childHeld = 0; goto idle }
  fi
}


active proctype Start() {
  atomic {
    byte i;
    /* Who compared the stream's shards with the table in time has made the row already. */
    if
    :: skip
    :: childRow = 1
    fi;
    for (i : 1 .. WORKERS) { run Run() }
  }
  /* Nobody can do anything any more: the child must have been read. */
  timeout -> assert(childDelivered)
}
