"""What a model that learned from garments on black says of photographs: of the garment in each (`data.garments`).

::

    seen        a picture -> `Seen`, the garment in several views
    fitting     from changed training images the rules by which photographs are answered (`photograph_rules`)
    answering   `Seen` and a model -> answers
    showing     the photograph, what was seen of it, and the answer, as one picture
"""
